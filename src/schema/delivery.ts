import { DELIVERY_ERRORS, type DeliveryError, deliveryWords, isRetryable } from '../domain/delivery.ts'
import { AccountRef } from './account.ts'
import { builder } from './builder.ts'
import { DeliveryStateEnum, described } from './enums.ts'

/* What became of an answer, for the team. */

export const DeliveryErrorEnum = builder.enumType('DeliveryErrorCode', {
  description: 'Why an answer was not sent, or is not sent yet.',
  values: described<DeliveryError>(DELIVERY_ERRORS),
})

const isDeliveryError = (error: string | null): error is DeliveryError => error !== null && error in DELIVERY_ERRORS

export const DeliveryRef = builder.prismaObject('Delivery', {
  description: 'An answer on its way to the customer. For agents and administrators.',
  authScopes: { staff: true },
  fields: (t) => ({
    state: t.expose('state', { type: DeliveryStateEnum, description: 'How it stands.' }),
    account: t.relation('account', {
      type: AccountRef,
      nullable: true,
      description: 'The account that sends it; null: it is an e-mail.',
    }),
    attempts: t.exposeInt('attempts', { description: 'How often it was tried.' }),
    error: t.field({
      type: DeliveryErrorEnum,
      nullable: true,
      select: { error: true },
      description: 'Why it was not sent, or not yet.',
      resolve: ({ error }) => (isDeliveryError(error) ? error : null),
    }),
    message: t.string({
      nullable: true,
      select: { error: true, channel: true },
      description: 'The same, in words for the agent.',
      resolve: ({ error, channel }) => (isDeliveryError(error) ? deliveryWords(error, channel) : null),
    }),
    detail: t.exposeString('detail', {
      nullable: true,
      description: 'What X, or the mail server, itself said, as far as it did.',
    }),
    retryable: t.boolean({
      select: { state: true, error: true },
      description: 'Whether `retryReply` may help.',
      resolve: ({ state, error }) =>
        (state === 'FAILED' || state === 'UNKNOWN') && isDeliveryError(error) && isRetryable(error),
    }),
    attemptedAt: t.expose('begunAt', { type: 'DateTime', nullable: true, description: 'When the last attempt began.' }),
    nextAttemptAt: t.field({
      type: 'DateTime',
      nullable: true,
      select: { state: true, dueAt: true },
      description: 'While it is QUEUED: when it is tried, at the earliest.',
      resolve: ({ state, dueAt }) => (state === 'QUEUED' ? dueAt : null),
    }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was sent, or given up.',
    }),
  }),
})
