import { isLoopback } from '../config.ts'

/** Whether the text is an https URL without credentials; http counts for this machine alone. */
export function isWebUrl(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, hostname, username, password } = new URL(value)
  const isSecure = protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))
  return isSecure && username === '' && password === ''
}
