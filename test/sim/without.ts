/** A condition in the text of a statement, and what stands there instead. */
export function without(...changes: readonly (readonly [condition: string, instead: string])[]): (sql: string) => string {
  return (sql) => changes.reduce((text, [condition, instead]) => text.replaceAll(condition, instead), sql);
}
