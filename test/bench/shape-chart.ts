import { STYLE } from './chart.ts'
import type { Report } from './report.ts'
import { SIZES_KB, TOOL_COUNTS } from './requests.ts'

const WIDTH = 760
const HEIGHT = 300
const PANEL_WIDTH = 330
const PANEL_HEIGHT = 190
const TOP = 70
const LEFT = 40

interface Point {
  readonly at: number
  readonly label: string
  /** Microseconds. */
  readonly cost: number
}

/** An SVG of the CPU time of a call by the size of its arguments, and of tools/list by the number of tools. */
export function shapeChart({ calls, date, machine }: Report): string {
  const cost = (id: string) => calls.find((figure) => figure.id === id)?.cpuUs.median
  const points = (ids: readonly (readonly [number, string, string])[]): Point[] =>
    ids.flatMap(([at, label, id]) => {
      const found = cost(id)
      return found === undefined ? [] : [{ at, label, cost: found }]
    })
  const bySize = points(SIZES_KB.map((size) => [size, `${size} KB`, `call-${size}`]))
  const byTools = points(TOOL_COUNTS.map((count) => [count, String(count), `list-of-${count}`]))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="CPU time against size and against tools">
<style>${STYLE}
  polyline { fill: none; stroke: #0969da; stroke-width: 2 } circle { fill: #0969da }
</style>
<text class="title" x="0" y="18">CPU time of the gateway, in microseconds (both axes logarithmic)</text>
<text class="note" x="0" y="38">${date.slice(0, 10)}, ${machine}</text>
${panel('a call, by the size of its arguments', bySize, LEFT)}
${panel('tools/list, by the number of tools', byTools, LEFT + PANEL_WIDTH + 30)}
</svg>
`
}

function panel(title: string, points: readonly Point[], left: number): string {
  const scale = (values: readonly number[], length: number) => {
    const [least, most] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))]
    return (value: number) => ((Math.log(value) - least) / (most - least || 1)) * length
  }
  const x = scale(
    points.map(({ at }) => at),
    PANEL_WIDTH - 80,
  )
  const y = scale(
    points.map(({ cost }) => cost),
    PANEL_HEIGHT - 50,
  )
  const placed = points.map(({ at, label, cost }) => ({
    label,
    cost: Math.round(cost),
    x: left + x(at),
    y: TOP + PANEL_HEIGHT - 20 - y(cost),
  }))
  const line = placed.map((point) => `${point.x.toFixed(1)},${point.y.toFixed(1)}`).join(' ')
  const marks = placed.map(
    (point) =>
      `<circle cx="${point.x.toFixed(1)}" cy="${point.y.toFixed(1)}" r="3"/>` +
      `<text x="${point.x.toFixed(1)}" y="${(point.y - 8).toFixed(1)}">${point.cost}</text>` +
      `<text class="note" x="${point.x.toFixed(1)}" y="${TOP + PANEL_HEIGHT + 4}" text-anchor="middle">${point.label}</text>`,
  )
  return `<text x="${left}" y="${TOP - 8}">${title}</text><polyline points="${line}"/>${marks.join('')}`
}
