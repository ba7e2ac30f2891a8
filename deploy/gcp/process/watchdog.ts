import { type ChildProcess, spawn } from 'node:child_process'

/** Ends the registered process groups if this process ends without doing so, for example by SIGKILL. */
export interface Watchdog {
  readonly add: (pid: number) => void
  readonly remove: (pid: number) => void
}

// Reads "+ PID" and "- PID"; its input ends when this process ends.
const SCRIPT = `pids=
while read -r verb pid; do
  if [ "$verb" = + ]; then pids="$pids $pid"; continue; fi
  rest=
  for one in $pids; do [ "$one" = "$pid" ] || rest="$rest $one"; done
  pids=$rest
done
for one in $pids; do kill -s TERM -- "-$one"; done`

/** Creates a watchdog, a shell that starts with the first process group. Not for Windows. */
export function createWatchdog(): Watchdog {
  let shell: ChildProcess | undefined
  const send = (line: string) => {
    shell ??= startShell()
    shell.stdin?.write(`${line}\n`)
  }
  return { add: (pid) => send(`+ ${pid}`), remove: (pid) => send(`- ${pid}`) }
}

function startShell(): ChildProcess {
  // A separate process group, so that a signal to the terminal's group does not end it.
  const shell = spawn('/bin/sh', ['-c', SCRIPT], {
    detached: true,
    env: {},
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  // Deploy without a watchdog if there is no shell.
  shell.on('error', () => undefined)
  shell.stdin?.on('error', () => undefined)
  shell.unref()
  if (shell.stdin !== null && 'unref' in shell.stdin) (shell.stdin as { unref(): void }).unref()
  return shell
}
