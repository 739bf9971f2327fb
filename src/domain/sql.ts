/*
 * SQL as data: a text with $n placeholders and its values, put together from smaller ones. Rules
 * in `domain` say their SQL reading in this form, and the caller runs it with whatever client it has.
 */

/** A piece of SQL. `text` numbers its placeholders from $1, in the order of `values`. */
export class SqlFragment {
  readonly strings: readonly string[]
  readonly values: readonly unknown[]

  constructor(strings: readonly string[], values: readonly unknown[]) {
    this.strings = strings
    this.values = values
  }

  get text(): string {
    return this.strings.reduce((text, part, index) => `${text}$${index}${part}`)
  }
}

/** Template tag: a fragment in `${}` is taken in whole, anything else becomes a parameter. Never text. */
export function sql(strings: TemplateStringsArray, ...inputs: readonly unknown[]): SqlFragment {
  const texts: string[] = [strings[0] ?? '']
  const values: unknown[] = []
  const append = (text: string) => {
    texts.push(`${texts.pop() ?? ''}${text}`)
  }
  inputs.forEach((input, index) => {
    if (input instanceof SqlFragment) {
      append(input.strings[0] ?? '')
      texts.push(...input.strings.slice(1))
      values.push(...input.values)
    } else {
      texts.push('')
      values.push(input)
    }
    append(strings[index + 1] ?? '')
  })
  return new SqlFragment(texts, values)
}

/** All of the fragments at once; TRUE when there are none. */
export function allOf(fragments: readonly SqlFragment[]): SqlFragment {
  return fragments.length === 0 ? sql`TRUE` : fragments.reduce((all, next) => sql`${all} AND ${next}`)
}
