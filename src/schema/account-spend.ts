import { PerchError } from '../domain/errors.ts'
import type { BudgetState } from '../domain/pacing.ts'
import { PRICES, SPEND_KINDS, type SpendKind } from '../domain/price.ts'
import type { Budget } from '../x-calls/budget.ts'
import { readSpend, type SpendLine, type SpendReport } from '../x-calls/spend-report.ts'
import { AccountRef } from './account.ts'
import { builder } from './builder.ts'
import { described } from './enums.ts'

/* What X charges for an account, as far as X publishes its prices (domain/price.ts). */

const SpendKindEnum = builder.enumType('SpendKind', {
  description: 'What X charges for.',
  values: described(
    Object.fromEntries(SPEND_KINDS.map((kind) => [kind, PRICES[kind].note])) as Record<SpendKind, string>,
  ),
})

const BudgetStateEnum = builder.enumType('BudgetState', {
  description: 'How an account stands with its monthly budget.',
  values: described<BudgetState>({
    WITHIN: 'Less than four fifths are spent.',
    SLOWED:
      'Four fifths are spent: polling slows, the more the less is left. What X delivers by itself goes on, and costs.',
    EXHAUSTED: 'All is spent: no polling until the month ends. What X delivers by itself goes on, and costs.',
  }),
})

const BudgetRef = builder.objectRef<Budget>('AccountBudget').implement({
  description: 'The budget of this calendar month (UTC).',
  fields: (t) => ({
    monthlyLimit: t.expose('monthlyLimit', { type: 'Dollars', description: 'What X may charge a month.' }),
    spent: t.expose('spent', { type: 'Dollars', description: 'What it has charged this month.' }),
    remaining: t.field({
      type: 'Dollars',
      description: 'What is left; 0.00 when all is spent, or more.',
      resolve: ({ monthlyLimit, spent }) => (spent > monthlyLimit ? 0n : monthlyLimit - spent),
    }),
    state: t.field({ type: BudgetStateEnum, description: 'What follows.', resolve: ({ left }) => left.state }),
    endsAt: t.field({
      type: 'DateTime',
      description: 'When the month ends and a new budget begins.',
      resolve: ({ left }) => new Date(Date.now() + left.monthEndsInMs),
    }),
  }),
})

type Sum = Omit<SpendLine, 'day'>

const SpendKindTotalRef = builder.objectRef<Sum>('SpendKindTotal').implement({
  description: 'What X charged for one kind of thing.',
  fields: (t) => ({
    kind: t.expose('kind', { type: SpendKindEnum, description: 'Of what.' }),
    calls: t.exposeInt('calls', { description: 'Calls that were made for it; none for events.' }),
    units: t.exposeInt('units', { description: 'What was charged: things read, requests or events.' }),
    amount: t.expose('amount', { type: 'Dollars', description: 'What they cost.' }),
    priceIsPublished: t.boolean({
      description: 'Whether X publishes the price; if not, the kind says what is assumed.',
      resolve: ({ kind }) => PRICES[kind].published,
    }),
  }),
})

const SpendLineRef = builder.objectRef<SpendLine>('SpendLine').implement({
  description: 'What X charged for one kind of thing on one day.',
  fields: (t) => ({
    day: t.expose('day', { type: 'Date', description: 'The day (UTC).' }),
    kind: t.expose('kind', { type: SpendKindEnum, description: 'Of what.' }),
    calls: t.exposeInt('calls', { description: 'Calls that were made for it; none for events.' }),
    units: t.exposeInt('units', { description: 'What was charged: things read, requests or events.' }),
    amount: t.expose('amount', { type: 'Dollars', description: 'What they cost.' }),
  }),
})

const AccountSpendRef = builder.objectRef<SpendReport>('AccountSpend').implement({
  description:
    'What X charges for an account, by its published prices: things read once a UTC day, events when they are delivered. X’s console has the last word.',
  fields: (t) => ({
    from: t.expose('from', { type: 'Date', description: 'The first day.' }),
    to: t.expose('to', { type: 'Date', description: 'The last day.' }),
    total: t.expose('total', { type: 'Dollars', description: 'What all of it cost.' }),
    lines: t.field({
      type: [SpendLineRef],
      description: 'By day and kind, the first day first.',
      resolve: ({ lines }) => [...lines],
    }),
    kinds: t.field({
      type: [SpendKindTotalRef],
      description: 'By kind, over all days.',
      resolve: ({ lines }) => byKind(lines),
    }),
    ticketsCreated: t.exposeInt('ticketsCreated', { description: 'Tickets of the account created on these days.' }),
    costPerTicket: t.expose('costPerTicket', {
      type: 'Dollars',
      nullable: true,
      description: 'The total for each of them; null when there are none.',
    }),
    budget: t.field({
      type: BudgetRef,
      nullable: true,
      description: 'The budget of this month; null when there is none.',
      resolve: ({ budget }) => budget,
    }),
  }),
})

function byKind(lines: readonly SpendLine[]): Sum[] {
  const sums = new Map<SpendKind, Sum>()
  for (const { kind, calls, units, amount } of lines) {
    const sum = sums.get(kind) ?? { kind, calls: 0, units: 0, amount: 0n }
    sums.set(kind, { kind, calls: sum.calls + calls, units: sum.units + units, amount: sum.amount + amount })
  }
  return [...sums.values()].sort((a, b) => (a.kind < b.kind ? -1 : 1))
}

/** Days that are kept (store/housekeeping.ts). */
const MOST_DAYS = 400
const DAY_MS = 86_400_000

/** This month so far, unless days are given. */
function daysOf(from: string | null | undefined, to: string | null | undefined): { from: string; to: string } {
  const today = new Date().toISOString().slice(0, 10)
  const last = to ?? today
  const first = from ?? `${last.slice(0, 7)}-01`
  const days = (Date.parse(last) - Date.parse(first)) / DAY_MS + 1
  if (days < 1 || days > MOST_DAYS) {
    throw new PerchError(
      'BAD_REQUEST',
      `\`to\` is the day of \`from\` or a later one, at most ${MOST_DAYS} days in all.`,
    )
  }
  return { from: first, to: last }
}

builder.objectField(AccountRef, 'spend', (t) =>
  t.field({
    type: AccountSpendRef,
    authScopes: { admin: true },
    complexity: { field: 10, multiplier: 1 },
    description: 'What X charges for it. For administrators.',
    args: {
      from: t.arg({ type: 'Date', description: 'The first day (UTC); not given: the first of the month of `to`.' }),
      to: t.arg({ type: 'Date', description: 'The last day (UTC); not given: today.' }),
    },
    resolve: ({ id }, { from, to }, { prisma }) => readSpend(prisma, id, daysOf(from, to)),
  }),
)
