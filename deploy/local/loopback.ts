/**
 * Preloaded into the process of each function (`node --import`). functions-framework listens on all
 * interfaces and has no option for the address. This module binds every TCP server of the process to
 * 127.0.0.1 and reports its port to the parent process.
 */
import { Server } from 'node:net'

/** A message from an instance to its parent process. */
export type InstanceMessage = { readonly port: number } | { readonly terminating: true }

const { listen } = Server.prototype

function listenOnLoopback(this: Server, ...args: unknown[]): Server {
  this.once('listening', () => {
    const address = this.address()
    if (address !== null && typeof address === 'object') report({ port: address.port })
  })
  return Reflect.apply(listen, this, toLoopback(args))
}

function toLoopback(args: readonly unknown[]): readonly unknown[] {
  const [where] = args
  const onListening = args.filter((value) => typeof value === 'function')
  if (where === undefined || typeof where === 'function' || !Number.isNaN(Number(where))) {
    const port = typeof where === 'function' ? 0 : Number(where ?? 0)
    return [{ port, host: '127.0.0.1' }, ...onListening]
  }
  if (typeof where !== 'object' || where === null || !('port' in where)) return args
  return [{ ...where, host: '127.0.0.1' }, ...onListening]
}

function report(message: InstanceMessage): void {
  if (process.connected) process.send?.(message)
}

Server.prototype.listen = listenOnLoopback as typeof listen

// Cloud Run sends no more requests to an instance that is shutting down.
process.on('SIGTERM', () => report({ terminating: true }))
// Exits if the parent process has ended, because no other process would stop this one.
process.once('disconnect', () => process.exit(1))
process.channel?.unref()
