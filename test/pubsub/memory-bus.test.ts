import { createMemoryBus } from '../../src/pubsub/memory-bus.ts'
import { describeBus } from './bus-contract.ts'

// One process is all the deployment there is: whoever opens the bus gets the same one.
describeBus('the in-process bus', () => {
  const bus = createMemoryBus()
  return () => bus
})
