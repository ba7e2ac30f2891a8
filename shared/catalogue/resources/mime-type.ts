/** The exact media type of an MCP Apps UI. */
export const UI_MIME_TYPE = 'text/html;profile=mcp-app'

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css',
  csv: 'text/csv',
  gif: 'image/gif',
  html: 'text/html',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  js: 'text/javascript',
  json: 'application/json',
  markdown: 'text/markdown',
  md: 'text/markdown',
  mjs: 'text/javascript',
  pdf: 'application/pdf',
  png: 'image/png',
  py: 'text/x-python',
  sh: 'application/x-sh',
  svg: 'image/svg+xml',
  ts: 'text/typescript',
  txt: 'text/plain',
  webp: 'image/webp',
  xml: 'application/xml',
  yaml: 'application/yaml',
  yml: 'application/yaml',
}
const TEXT_TYPE =
  /^(?:text\/|application\/(?:[a-z0-9.+-]+\+)?(?:json|xml|yaml|javascript|x-sh)\b)|^image\/svg\+xml/i

/** Returns the media type for the extension of a file name; undefined if it is unknown. */
export function mimeTypeOf(fileName: string): string | undefined {
  const [, extension = ''] = /\.([a-z0-9]+)$/i.exec(fileName) ?? []
  const type = TYPES[extension.toLowerCase()]
  return Object.hasOwn(TYPES, extension.toLowerCase()) ? type : undefined
}

/** Returns whether content of this media type is text. */
export function isTextType(mimeType: string): boolean {
  return TEXT_TYPE.test(mimeType)
}
