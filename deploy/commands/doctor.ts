import type { DoctorIo } from '../diagnostics/doctor.ts'
import { DOCTOR_OPTIONS, toArguments } from '../diagnostics/options.ts'
import { defineCommand } from '../kit/command.ts'

export const doctorCommand = defineCommand<typeof DOCTOR_OPTIONS, DoctorIo>({
  name: 'doctor',
  summary: 'Finds the faults of a deployment and its Auth0 tenant, with the fix of each.',
  usage: '-- [url] [options]',
  arguments: [
    { name: 'url', text: 'the deployment, or its MCP endpoint; default http://localhost:8080' },
  ],
  options: DOCTOR_OPTIONS,
  details: `With MGMT_DOMAIN, MGMT_CLIENT_ID and MGMT_CLIENT_SECRET set, the tenant is examined as well.
Changes nothing.`,
  exitCodes: { 0: 'healthy', 1: 'faults found' },
  readsEnvFile: true,
  progress: 'Examining the deployment',
  run: async (line, io) => {
    const asked = toArguments(line, io.env)
    const { runDoctor } = await import('../diagnostics/doctor.ts')
    return runDoctor(asked, io)
  },
})
