import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** A field of `ps` for one process; undefined when there is no such process. For systems without /proc. */
function ps(pid: number, field: string): string | undefined {
  try {
    return (
      execFileSync('ps', ['-ww', '-o', `${field}=`, '-p', String(pid)], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim() || undefined
    )
  } catch {
    return undefined
  }
}

function proc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return undefined
  }
}

/**
 * When a process started, as a word: with the pid it names the process for good, since pids are used
 * again. Undefined when no such process runs (a zombie does not).
 */
export function startOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return ps(pid, 'lstart')?.replaceAll(/\W+/g, '')
  // proc(5): the command in parentheses may contain anything; state is the 3rd field, starttime the 22nd.
  const stat = proc(pid, 'stat')
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields?.[0] === 'Z' ? undefined : fields?.[19]
}

/** A process's arguments, joined by spaces; undefined when no such process runs. */
export function commandLineOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return ps(pid, 'command')
  return proc(pid, 'cmdline')?.split('\0').join(' ').trim() || undefined
}
