/** The type of a UI of MCP Apps, to the letter. */
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

/** The media type that the end of a file's name stands for; undefined when it stands for none. */
export function mimeTypeOf(fileName: string): string | undefined {
  const [, extension = ''] = /\.([a-z0-9]+)$/i.exec(fileName) ?? []
  const type = TYPES[extension.toLowerCase()]
  return Object.hasOwn(TYPES, extension.toLowerCase()) ? type : undefined
}

/** Whether content of this type is text; of no type: unknown, and the bytes decide. */
export function isTextType(mimeType: string): boolean {
  return TEXT_TYPE.test(mimeType)
}
