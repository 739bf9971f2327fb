import { ApiResponseError } from 'twitter-api-v2'
import { describe, expect, it } from 'vitest'
import { translate } from '../../src/x/errors.ts'

/** What the library throws for an answer of X. */
function answer(status: number, body: object): ApiResponseError {
  const error: ApiResponseError = Object.create(ApiResponseError.prototype)
  return Object.assign(error, { code: status, data: body, headers: {} })
}

describe('an answer of the token endpoint (RFC 6749 §5.2)', () => {
  it.each([
    [400, 'invalid_request', 'INVALID_REQUEST'],
    [400, 'invalid_grant', 'INVALID_REQUEST'],
    [400, 'invalid_client', 'UNAUTHORIZED'],
    [400, 'unauthorized_client', 'UNAUTHORIZED'],
    [401, 'unauthorized_client', 'UNAUTHORIZED'],
    [503, 'temporarily_unavailable', 'UNAVAILABLE'],
  ])('%i %s is %s: the app’s fault is not taken for the account’s', (status, error, kind) => {
    expect(translate(answer(status, { error }), 'POST /2/oauth2/token')).toMatchObject({ kind, status })
  })
})
