import type { Report } from './report.ts'

const WIDTH = 760
const LABEL_WIDTH = 270
const VALUE_WIDTH = 80
const BAR_HEIGHT = 18
const ROW_HEIGHT = 28
const TOP = 56
/** The style of the charts in light and dark mode. */
export const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 15px }
  .note { fill: #59636e; font-size: 12px }
  .bar { fill: #0969da } .other { fill: #8c959f }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .note { fill: #9198a1 } .bar { fill: #4493f8 } .other { fill: #656c76 }
  }`

/** A bar chart (SVG) of the CPU time per call. The reference servers are grey. */
export function chart({ calls, date, machine, node }: Report): string {
  const shown = calls.filter(({ id }) => !/^(call-\d+|list-of-\d+)$/.test(id))
  const most = Math.max(...shown.map(({ cpuUs }) => cpuUs.median))
  const bars = shown.map(({ id, label, cpuUs }, index) => {
    const y = TOP + index * ROW_HEIGHT
    const width = ((WIDTH - LABEL_WIDTH - VALUE_WIDTH) * cpuUs.median) / most
    const isOther = [
      'empty',
      'empty-64',
      'backend',
      'raw',
      'raw-large',
      'sdk',
      'sdk-large',
    ].includes(id)
    return [
      `<text x="${LABEL_WIDTH - 10}" y="${y + 14}" text-anchor="end">${label}</text>`,
      `<rect class="${isOther ? 'other' : 'bar'}" x="${LABEL_WIDTH}" y="${y}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" rx="2"/>`,
      `<text x="${LABEL_WIDTH + width + 8}" y="${y + 14}">${Math.round(cpuUs.median)}</text>`,
    ].join('')
  })
  const height = TOP + shown.length * ROW_HEIGHT + 8
  const about = `${date.slice(0, 10)}, Node ${node}, ${machine}`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="CPU time per call">
<style>${STYLE}
</style>
<text class="title" x="0" y="18">CPU time of the serving process per call, in microseconds</text>
<text class="note" x="0" y="38">${about}</text>
${bars.join('\n')}
</svg>
`
}
