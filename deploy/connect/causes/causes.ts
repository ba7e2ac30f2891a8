import { ADMISSION_CAUSES } from './admission-causes.ts'
import type { Causes } from './cause.ts'
import { DISCOVERY_CAUSES } from './discovery-causes.ts'
import { REGISTRATION_CAUSES } from './registration-causes.ts'
import { SIGN_IN_CAUSES } from './sign-in-causes.ts'
import { TOOL_CAUSES } from './tool-causes.ts'

/** Every cause that `npm run connect` can tell apart, in the order in which they can occur. */
export const CAUSES = {
  ...DISCOVERY_CAUSES,
  ...REGISTRATION_CAUSES,
  ...ADMISSION_CAUSES,
  ...SIGN_IN_CAUSES,
  ...TOOL_CAUSES,
} as const satisfies Causes

export type CauseId = keyof typeof CAUSES
