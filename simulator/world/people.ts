import type { Random } from '../core/random.ts'
import type { VerifiedType } from './model.ts'
import type { UserDraft } from './world.ts'

/** The brand of the seeded world. Its id is the same under every seed. */
export const BRAND = {
  id: '1404092000000000001',
  username: 'acme',
  name: 'Acme Support',
  description: 'Here to help with orders, parcels and accounts, every day from 7 to 22.',
  location: 'Rotterdam',
  createdAt: new Date('2021-06-13T09:00:00.000Z'),
  followers: 48_210,
  following: 312,
  posts: 15_904,
  verifiedType: 'business',
} as const satisfies UserDraft

const FIRST_NAMES = [
  ...['Amara', 'Bastian', 'Chiara', 'Dmitri', 'Elif', 'Farid', 'Greta', 'Hugo', 'Ines', 'Jonas', 'Kaito', 'Leila'],
  ...['Mateo', 'Nadia', 'Oskar', 'Priya', 'Quentin', 'Rosa', 'Sanjay', 'Tilda', 'Umar', 'Vera', 'Wanda', 'Xenia'],
  ...['Yusuf', 'Zofia', 'Anouk', 'Bram', 'Carmen', 'Dario', 'Esther', 'Finn', 'Gloria', 'Hamza', 'Isla', 'Jarek'],
  ...['Keiko', 'Lorcan', 'Mira', 'Nils'],
]
const LAST_NAMES = [
  ...['Abbott', 'Bergström', 'Castellano', 'Dvořák', 'Eriksen', 'Ferreira', 'Grünwald', 'Haddad', 'Ibáñez', 'Jansen'],
  ...['Kowalczyk', 'Lindqvist', 'Moreau', 'Nakagawa', 'Okafor', 'Petrov', 'Quist', 'Rahman', 'Sørensen', 'Takahashi'],
  ...['Ueda', 'Vandermeer', 'Whitlock', 'Yilmaz', 'Zielinski', 'Adeyemi', 'Brandt', 'Costa', 'Delacroix', 'Engel'],
]
const TOWNS = ['Lisbon', 'Kraków', 'Bristol', 'Osaka', 'Ghent', 'Toronto', 'Lagos', 'Valparaíso', 'Tampere', '', '', '']
const BIOS = [
  ...['Runs on coffee and spreadsheets.', 'Amateur baker, professional worrier.', 'Two cats, one bicycle.', ''],
  ...['I post about trains.', 'Nurse. Night shifts. Opinions mine.', 'Woodwork, mostly.', 'Photos of clouds', ''],
  ...['Parent of three, sleeper of none.', 'Tries to garden on a balcony 🌱', 'Board games and bad puns', ''],
]

const plain = (text: string) => text.normalize('NFD').replaceAll(/[^A-Za-z]/g, '')

/** Customers with plausible names and numbers: most have few followers, some many; one in eight is verified. */
export function customers(random: Random, count: number): UserDraft[] {
  const firstNames = random.shuffle(FIRST_NAMES)
  const taken = new Set<string>([BRAND.username])
  return Array.from({ length: count }, (_, index) => {
    const first = firstNames[index % firstNames.length] ?? 'Kim'
    const last = random.pick(LAST_NAMES)
    const createdAt = new Date(Date.UTC(2012 + random.int(13), random.int(12), 1 + random.int(28), random.int(24)))
    return {
      id: (1_500_000_000_000_000_000n + BigInt(index + 1) * 1_000_003n + BigInt(random.int(1_000_000))).toString(),
      username: freeName(random, first, last, taken),
      name: random.chance(0.75) ? `${first} ${last}` : first,
      description: random.pick(BIOS),
      location: random.pick(TOWNS),
      createdAt,
      followers: Math.floor(10 ** (1.2 + random.next() ** 2 * 4)),
      following: 20 + random.int(900),
      posts: 5 + Math.floor(10 ** (1 + random.next() * 3)),
      verifiedType: verification(random),
    }
  })
}

function freeName(random: Random, first: string, last: string, taken: Set<string>): string {
  const a = plain(first)
  const b = plain(last)
  const shapes = [`${a}${b}`, `${a}_${b}`, `${a.toLowerCase()}${random.int(100)}`, `${b}${a.slice(0, 1)}`, `the_${a}`]
  let name = random.pick(shapes).slice(0, 15)
  while (taken.has(name.toLowerCase())) name = `${a.slice(0, 10)}${random.int(10_000)}`
  taken.add(name.toLowerCase())
  return name
}

function verification(random: Random): VerifiedType {
  const draw = random.next()
  if (draw < 0.1) return 'blue'
  if (draw < 0.13) return 'business'
  return 'none'
}
