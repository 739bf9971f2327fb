import type { Random } from '../core/random.ts'

/*
 * What customers write to a support account. Parts in braces are filled in, so that texts vary:
 * X refuses the same text twice, and a list of equal tickets looks like a fault.
 */

const OPENINGS = [
  ...[
    'Hi {brand}, ',
    '{brand} ',
    'Hey {brand}! ',
    'Hello {brand} 👋 ',
    '.{brand} ',
    'Good morning {brand}, ',
    'Dear {brand} ',
  ],
]
const COMPLAINTS = [
  'my order {order} was due {day} and the tracking page has not moved since.',
  'the {product} in order {order} arrived with a cracked corner. Photos on request. What now?',
  'I was charged twice for {order}: {amount} and then {amount} again.',
  'the app logs me out every time I open my basket. {device}, newest version.',
  'I returned a {product} {weeks} weeks ago and still have no refund of {amount}.',
  'is there a way to change the delivery address of {order}? I moved.',
  'your chat says "agent joining in 2 minutes". It has been {minutes}.',
  'the voucher from your newsletter is refused: "code expired". It came this morning!',
  'parcel {order} is marked as delivered, but nobody was at home and there is nothing here.',
  'do you ship the {product} to Norway & what does it cost?',
  'the {product} stopped working after {weeks} weeks. It should have two years of warranty, right?',
  'cannot reset my password, the mail never comes. Checked spam too.',
  'I ordered size {size}, got something two sizes larger. How do I swap it?',
  'please cancel {order}, I ordered the wrong {product} 🙈',
  'the invoice for {order} shows the wrong company name. Can you reissue it?',
  'third time this week that checkout fails with error {code}. Anybody home?',
  'got the confirmation for {order} but my card was declined. Is it ordered or not?',
  '<- still waiting for an answer about {order}. It has been {weeks} weeks.',
]
const KIND_WORDS = [
  'just wanted to say: your support sorted out {order} in {minutes} minutes. Thank you! 🙌',
  'the new {product} is lovely. Any plans for a larger one?',
  'shoutout to the courier who carried the {product} up four floors 💪',
]
const FOLLOW_UPS = [
  'Sure, the number is {order}.',
  'I did that already, same result.',
  'Sent you the details, please have a look.',
  'It says error {code} now.',
  'Any news on this? It has been {minutes} minutes.',
  'Thanks, that worked!',
  'Never mind, the parcel was with the neighbours 😅',
  '{day} would be fine. Thank you.',
  'No, that was a different order: this one is {order}.',
  'Could somebody call me instead?',
]
const BYSTANDERS = [
  'Same here since {day}, error {code}.',
  'I had this too. Clearing the cache helped.',
  'Following, my order {order} is stuck as well.',
]
const ANSWERS = [
  'Sorry to hear that! Could you tell us the order number?',
  'Thanks for telling us. We are looking into it and answer here by {day}.',
  'That should not happen. Could you try again with the newest version, please?',
]

const FILLINGS: Record<string, readonly string[]> = {
  product: ['kettle', 'desk lamp', 'rucksack', 'headphones', 'coffee grinder', 'raincoat', 'toaster', 'office chair'],
  day: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'yesterday'],
  device: ['Android 16', 'iPhone 15', 'an old tablet', 'Firefox on Linux'],
  size: ['S', 'M', '42', '38'],
}

function fill(random: Random, template: string, brand: string): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, slot: string) => {
    switch (slot) {
      case 'brand':
        return `@${brand}`
      case 'order':
        return `#${100_000 + random.int(900_000)}`
      case 'amount':
        return `€${5 + random.int(190)}.${random.pick(['00', '49', '90', '95'])}`
      case 'weeks':
        return String(2 + random.int(6))
      case 'minutes':
        return String(5 + random.int(50))
      case 'code':
        return `E-${100 + random.int(900)}`
      default:
        return random.pick(FILLINGS[slot] ?? [slot])
    }
  })
}

/** A customer addresses the brand. */
export const mention = (random: Random, brand: string): string =>
  fill(random, random.pick(OPENINGS) + random.pick(random.chance(0.88) ? COMPLAINTS : KIND_WORDS), brand)

/** Praise that nobody is addressed with: it names the brand as people do, without the @. */
export const praise = (random: Random, brandName: string): string =>
  fill(random, `${brandName}: ${random.pick(KIND_WORDS)}`, '')

/** The customer goes on in their own thread, without naming the brand. */
export const followUp = (random: Random): string => fill(random, random.pick(FOLLOW_UPS), '')

/** Somebody else joins the thread. */
export const bystander = (random: Random): string => fill(random, random.pick(BYSTANDERS), '')

/** The brand's own people answer by hand, from X's app. */
export const answer = (random: Random): string => fill(random, random.pick(ANSWERS), '')
