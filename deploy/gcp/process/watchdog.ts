import { type ChildProcess, spawn } from 'node:child_process'

/** Ends the process groups that it knows when this process ends without ending them, as by SIGKILL. */
export interface Watchdog {
  readonly add: (pid: number) => void
  readonly remove: (pid: number) => void
}

// Reads "+ PID" and "- PID"; the end of its input is the end of this process.
const SCRIPT = `pids=
while read -r verb pid; do
  if [ "$verb" = + ]; then pids="$pids $pid"; continue; fi
  rest=
  for one in $pids; do [ "$one" = "$pid" ] || rest="$rest $one"; done
  pids=$rest
done
for one in $pids; do kill -s TERM -- "-$one"; done`

/** A shell that watches this process; it is started with the first group. Not for Windows. */
export function createWatchdog(): Watchdog {
  let shell: ChildProcess | undefined
  const say = (line: string) => {
    shell ??= start()
    shell.stdin?.write(`${line}\n`)
  }
  return { add: (pid) => say(`+ ${pid}`), remove: (pid) => say(`- ${pid}`) }
}

function start(): ChildProcess {
  // A group of its own, so that a signal to the terminal's group leaves it.
  const shell = spawn('/bin/sh', ['-c', SCRIPT], {
    detached: true,
    env: {},
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  // Without a shell there is no watchdog; that is no reason not to deploy.
  shell.on('error', () => undefined)
  shell.stdin?.on('error', () => undefined)
  shell.unref()
  if (shell.stdin !== null && 'unref' in shell.stdin) (shell.stdin as { unref(): void }).unref()
  return shell
}
