/** The last line of the text of a command that runs until Ctrl-C. */
export const STOP_HINT = 'Press Ctrl-C to stop'

/** A user who can sign in at the Auth0 emulator. */
export interface SignIn {
  readonly email: string
  readonly password: string
  readonly permissions: readonly string[]
}

/** Returns the email address, the password and the permissions of a user as text. */
export function signIn({ email, password, permissions }: SignIn): string {
  const all = permissions.length === 0 ? '' : `  (${permissions.join(' ')})`
  return `${email}, ${password}${all}`
}
