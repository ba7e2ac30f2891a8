// undici's declarations name only its main module.
declare module 'undici/lib/dispatcher/pool.js' {
  // biome-ignore lint/style/noDefaultExport: how Node shows a CommonJS module
  export { Pool as default } from 'undici'
}
