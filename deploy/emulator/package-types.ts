/** A type of the `auth0` package without its index signature, which allows any member. */
export type Known<Type> = {
  [Name in keyof Type as string extends Name ? never : Name]: Type[Name]
}

/** A type of the package with members that the emulator always sets. */
export type Given<Type, Names extends keyof Type> = Type & {
  [Name in Names]-?: NonNullable<Type[Name]>
}
