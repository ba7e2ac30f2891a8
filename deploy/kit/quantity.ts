/** Returns the number and the noun, in the plural (with `s`) unless the number is 1: `1 tool`, `2 tools`. */
export function quantity(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
