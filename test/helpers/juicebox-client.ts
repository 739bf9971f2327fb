/** The real juicebox-sdk, as the simulator loads it for its people. */
export { giveTokens, juicebox } from '../../simulator/xchat/juicebox.ts'
