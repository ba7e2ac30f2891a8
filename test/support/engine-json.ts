/** The value of a text that the engine's parser accepts as JSON; undefined for any other text. */
export function engineJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}
