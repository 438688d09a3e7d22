const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

/** Parts of Go's reference time, longer ones before those they begin with. */
const PARTS =
  /January|Jan|Monday|Mon|MST|2006|Z07:00|Z0700|-07:00|-0700|-07|[.,](?:0+|9+)(?![0-9])|01|02|03|04|05|06|15|PM|pm|_2|1|2|3|4|5/g;

/**
 * Writes a time by a layout of Go's `time` package, such as `2006-01-02T15:04:05Z07:00`.
 * @param zoneMinutes east of UTC
 */
export function formatGoLayout(layout: string, unixMilliseconds: number, zoneMinutes: number): string {
  const local = new Date(unixMilliseconds + zoneMinutes * 60_000);
  return layout.replace(PARTS, (part) => partOf(part, local, zoneMinutes));
}

function partOf(part: string, local: Date, zoneMinutes: number): string {
  const hour = local.getUTCHours();
  const two = (value: number) => String(value).padStart(2, '0');
  const day = local.getUTCDate();
  const twelve = hour % 12 === 0 ? 12 : hour % 12;
  const month = MONTHS[local.getUTCMonth()] ?? '';
  const weekday = DAYS[local.getUTCDay()] ?? '';
  const known: Readonly<Record<string, string>> = {
    January: month,
    Jan: month.slice(0, 3),
    Monday: weekday,
    Mon: weekday.slice(0, 3),
    MST: zoneMinutes === 0 ? 'UTC' : zone(zoneMinutes, ''),
    '2006': String(local.getUTCFullYear()),
    '06': two(local.getUTCFullYear() % 100),
    '01': two(local.getUTCMonth() + 1),
    '1': String(local.getUTCMonth() + 1),
    '02': two(day),
    _2: String(day).padStart(2, ' '),
    '2': String(day),
    '15': two(hour),
    '03': two(twelve),
    '3': String(twelve),
    '04': two(local.getUTCMinutes()),
    '4': String(local.getUTCMinutes()),
    '05': two(local.getUTCSeconds()),
    '5': String(local.getUTCSeconds()),
    PM: hour < 12 ? 'AM' : 'PM',
    pm: hour < 12 ? 'am' : 'pm',
    'Z07:00': zoneMinutes === 0 ? 'Z' : zone(zoneMinutes, ':'),
    Z0700: zoneMinutes === 0 ? 'Z' : zone(zoneMinutes, ''),
    '-07:00': zone(zoneMinutes, ':'),
    '-0700': zone(zoneMinutes, ''),
    '-07': zone(zoneMinutes, '').slice(0, 3),
  };
  return known[part] ?? fraction(part, local.getUTCMilliseconds());
}

function zone(minutes: number, between: string): string {
  const size = Math.abs(minutes);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${between}${two(size % 60)}`;
}

/** `.000` keeps zeros at the end, `.999` drops them. */
function fraction(part: string, milliseconds: number): string {
  const digits = String(milliseconds)
    .padStart(3, '0')
    .padEnd(9, '0')
    .slice(0, part.length - 1);
  if (part[1] === '0') return `${part[0]}${digits}`;
  const trimmed = digits.replace(/0+$/, '');
  return trimmed === '' ? '' : `${part[0]}${trimmed}`;
}
