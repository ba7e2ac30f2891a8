/** A type of the `auth0` package without its index signature, under which any member would do. */
export type Known<Type> = {
  [Name in keyof Type as string extends Name ? never : Name]: Type[Name]
}

/** A type of the package with members that are always there in this tenant. */
export type Given<Type, Names extends keyof Type> = Type & {
  [Name in Names]-?: NonNullable<Type[Name]>
}
