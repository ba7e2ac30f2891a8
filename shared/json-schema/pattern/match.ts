import type { Program } from './program.ts'

/** Takes a number of steps from a budget. Throws if it is exhausted. */
export type Spend = (steps: number) => void

/**
 * Returns whether a program matches anywhere in a text. Tries each step at most once at each position, so
 * the time is at most proportional to the length of the text times the size of the program. A step that
 * failed at a position would fail there again, because no step depends on how it was reached.
 */
export function matches(program: Program, text: string, spend: Spend): boolean {
  const { steps, backward, isUnicode } = program
  const width = text.length + 1
  const size = steps.length * width
  spend(size >> 6)
  const tried = new Uint32Array((size >> 5) + 1)
  const looked = new Map<number, boolean>()
  const succeeded = new Set<number>()

  const ahead = (place: number) =>
    isUnicode ? String.fromCodePoint(text.codePointAt(place) ?? 0) : (text[place] ?? '')
  const behind = (place: number) => {
    const isPair =
      isUnicode &&
      place > 1 &&
      /[\uDC00-\uDFFF]/.test(text[place - 1] ?? '') &&
      /[\uD800-\uDBFF]/.test(text[place - 2] ?? '')
    return text.slice(place - (isPair ? 2 : 1), place)
  }
  const isWordAt = (place: number) => /^\w$/.test(text[place] ?? '')
  const holds = (kind: 'start' | 'end' | 'word' | 'no-word', place: number): boolean => {
    if (kind === 'start') return place === 0
    if (kind === 'end') return place === text.length
    return (isWordAt(place - 1) !== isWordAt(place)) === (kind === 'word')
  }
  const look = (start: number, place: number): boolean => {
    const key = start * width + place
    spend(4)
    const known = looked.get(key)
    if (known !== undefined) return known
    const result = run(start, place, succeeded)
    looked.set(key, result)
    return result
  }
  // Inside a lookaround, successes are remembered too, because matching continues after it.
  const run = (start: number, from: number, success?: Set<number>): boolean => {
    const cameFrom = new Map<number, number>()
    const todo = [start, from, -1]
    while (todo.length > 0) {
      let parent = todo.pop() ?? -1
      let place = todo.pop() ?? 0
      let at = todo.pop() ?? 0
      for (;;) {
        const bit = at * width + place
        const step = steps[at]
        const isDone = step === undefined || step.do === 'match' || success?.has(bit) === true
        if (isDone) {
          if (success === undefined) return true
          for (let on = parent; on !== -1; on = cameFrom.get(on) ?? -1) success.add(on)
          return true
        }
        const word = bit >> 5
        const mask = 1 << (bit & 31)
        if (((tried[word] ?? 0) & mask) !== 0) break
        tried[word] = (tried[word] ?? 0) | mask
        spend(success === undefined ? 2 : 6)
        if (success !== undefined) cameFrom.set(bit, parent)
        parent = bit
        if (step.do === 'split') {
          todo.push(step.second, place, bit)
          at = step.first
          continue
        }
        if (step.do === 'take') {
          const isBackward = backward.has(at)
          if (place === (isBackward ? 0 : text.length)) break
          const character = isBackward ? behind(place) : ahead(place)
          if (!step.test(character)) break
          place += isBackward ? -character.length : character.length
        } else if (step.do === 'assert') {
          if (!holds(step.kind, place)) break
        } else if (look(step.start, place) === step.negate) break
        at = step.next
      }
    }
    return false
  }

  for (
    let place = 0;
    place <= text.length;
    place += place < text.length ? ahead(place).length : 1
  ) {
    if (run(program.start, place)) return true
  }
  return false
}
