import { hasUnseen } from '../../../shared/log/printable.ts'
import { createLog } from '../../../shared/log.ts'
import { type FuzzTarget, must } from '../target.ts'

const MAX_BYTES = 1_600

/** Foreign text in a log line: one bounded line of JSON without invisible characters. */
export const logLineTarget: FuzzTarget = {
  name: 'log-line',
  seeds: [
    'auth0|alice',
    'a\n{"severity":"EMERGENCY"}\r\u2028"}',
    '\u202eTPGtahC\u200b\u{e0041}\ud800',
  ],
  check: (text) => {
    const lines: string[] = []
    const log = createLog({ service: 'x', level: 'info', write: (line) => lines.push(line) })
    log.with({ subject: text, client: text }).info('event', { reason: text })
    const [line = ''] = lines
    must(lines.length === 1 && line.indexOf('\n') === line.length - 1, 'it is not one line')
    must(!hasUnseen(line.slice(0, -1)), 'a character is invisible')
    must(Buffer.byteLength(line) <= MAX_BYTES, 'a line is too long')
    const read = JSON.parse(line) as Readonly<Record<string, unknown>>
    must(read['severity'] === 'INFO' && read['message'] === 'event', 'a field overwrites another')
    const isWhole = Buffer.byteLength(JSON.stringify(text)) <= 100 && !hasUnseen(text)
    must(!isWhole || read['subject'] === text, 'a short text is changed')
  },
}
