import { expect, test, vi } from 'vitest'
import { rehearseSignatures } from '../../shared/oauth/rehearsal.ts'

test('a rehearsal verifies a signature, which does not match', async () => {
  const verify = vi.spyOn(crypto.subtle, 'verify')
  await rehearseSignatures()
  expect(verify).toHaveBeenCalledOnce()
  expect(await verify.mock.results[0]?.value).toBe(false)
})
