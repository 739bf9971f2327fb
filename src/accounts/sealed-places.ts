/* The places that secrets of accounts are sealed for (store/vault.ts): one for every column and row. */

export const tokenPlace = {
  access: (accountId: string): string => `account_credential/${accountId}/access_token`,
  refresh: (accountId: string): string => `account_credential/${accountId}/refresh_token`,
}

export const authorizationPlace = (stateHash: string): string => `account_authorization/${stateHash}/code_verifier`

export const revocationPlace = {
  access: (id: string): string => `grant_revocation/${id}/access_token`,
  refresh: (id: string): string => `grant_revocation/${id}/refresh_token`,
}

export const xchatKeyPlace = (accountId: string): string => `account_xchat/${accountId}/secret_key`
