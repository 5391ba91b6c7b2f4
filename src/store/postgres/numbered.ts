const cache = new Map<string, { name: string; text: string }>();

/** The statement with `?` rewritten to `$1, $2 ...`, and a name under which a connection keeps it prepared. */
export function numbered(sql: string): { name: string; text: string } {
  let statement = cache.get(sql);
  if (statement === undefined) {
    let count = 0;
    const text = sql.replaceAll("?", () => `$${++count}`);
    statement = { name: `clanker_${cache.size + 1}`, text };
    cache.set(sql, statement);
  }
  return statement;
}
