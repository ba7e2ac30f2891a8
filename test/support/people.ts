import type { Person } from '../../deploy/connect/sign-in/form-sign-in.ts'

export const ALICE: Person = { username: 'alice@example.com', password: 'password' }
export const BOB: Person = { username: 'bob@example.com', password: 'password' }
