// superstatic's own declarations do not contain `rewriters`, `provider` and `run`, and need
// @types/connect.
// These declare only what origin.ts uses. They name files, because Node and vitest resolve the exports of
// the package's main module differently.
declare module 'superstatic/lib/superstatic.js' {
  import type { IncomingMessage, ServerResponse } from 'node:http'

  export type Middleware = (
    req: IncomingMessage,
    res: ServerResponse,
    next: (error?: unknown) => void,
  ) => void

  export interface Rewrite {
    readonly run: { readonly serviceId: string; readonly region: string }
  }

  /** Finds a file of the public directory; null = not found. */
  export type Provider = (req: IncomingMessage, pathname: string) => Promise<unknown>

  export interface Options {
    /**
     * The `hosting` object as JSON text, because superstatic merges an object with a firebase.json in
     * the working directory.
     */
    readonly config: string
    readonly stack: readonly string[]
    readonly provider: Provider
    readonly rewriters: { readonly run: (rewrite: Rewrite) => Promise<Middleware> }
  }

  const superstatic: (options: Options) => Middleware

  // biome-ignore lint/style/noDefaultExport: how Node shows a CommonJS module
  export default superstatic
}

declare module 'superstatic/lib/providers/fs.js' {
  import type { Provider } from 'superstatic/lib/superstatic.js'

  const files: (options: { readonly cwd: string; readonly public: string }) => Provider

  // biome-ignore lint/style/noDefaultExport: how Node shows a CommonJS module
  export default files
}
