// What stands in the address behind the question mark.

// Says which names of it nobody here knows; empty: all are known.
export function strangers(query, known) {
  const names = [...new Set(query.keys())].filter((name) => !known.includes(name));
  if (!names.length) return "";
  return `The address asks for ${names.join(", ")}, which this page does not know; it knows ${known.join(", ")}.`;
}
