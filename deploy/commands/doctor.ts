import type { DoctorIo } from '../diagnostics/doctor.ts'
import { DOCTOR_OPTIONS, toArguments } from '../diagnostics/options.ts'
import { defineCommand } from '../kit/command.ts'

export const doctorCommand = defineCommand<typeof DOCTOR_OPTIONS, DoctorIo>({
  name: 'doctor',
  summary: 'Finds faults of a deployment and its Auth0 tenant, and shows how to fix each.',
  arguments: [
    {
      name: 'URL',
      text: 'the deployment, or its MCP endpoint; default http://localhost:8080, or the port in PORT',
    },
  ],
  options: DOCTOR_OPTIONS,
  details: `Also examines the tenant if MGMT_DOMAIN, MGMT_CLIENT_ID and MGMT_CLIENT_SECRET are set.
Changes nothing, and does not call the backends of the tools.`,
  exitCodes: { 0: 'healthy', 1: 'faults found' },
  readsEnvFile: true,
  progress: 'Examining the deployment',
  run: async (line, io) => {
    const asked = toArguments(line, io.env)
    const { runDoctor } = await import('../diagnostics/doctor.ts')
    return runDoctor(asked, io)
  },
})
