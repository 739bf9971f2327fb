import type { XCalls } from '../../src/x-calls/x-calls.ts'

/** Calls of X that nothing limits and nobody charges, for tests of other things. */
export function freeCalls(tokenOf: (accountId: string) => string = () => 'token'): XCalls {
  return {
    use: (accountId, _endpoint, call) => call(tokenOf(accountId)),
    make: (_accountId, _endpoint, call) => call(),
    left: async () => ({ windows: [], budget: null }),
  }
}
