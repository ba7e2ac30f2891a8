import { isLoopback } from '../config.ts'

/** Returns whether the text is an https URL without credentials; http is allowed only on loopback. */
export function isWebUrl(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, hostname, username, password } = new URL(value)
  const isSecure = protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))
  return isSecure && username === '' && password === ''
}
