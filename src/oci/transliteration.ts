/** Letters in lower case that have no mark to take away, with what stands for them: `letter=latin`, separated by blanks. */
const LETTERS = `
 а=a б=b в=v г=g д=d е=e ё=yo ж=zh з=z и=i й=y к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=kh ц=ts ч=ch ш=sh щ=shch
 ъ= ы=y ь= э=e ю=yu я=ya є=ye і=i ї=yi ґ=g ў=u ђ=dj ј=j љ=lj њ=nj ћ=c џ=dz ѓ=gj ќ=kj ѕ=dz ә=a ғ=g қ=k ң=n ө=o ұ=u ү=u һ=h
 α=a β=v γ=g δ=d ε=e ζ=z η=i θ=th ι=i κ=k λ=l μ=m ν=n ξ=x ο=o π=p ρ=r σ=s ς=s τ=t υ=y φ=f χ=ch ψ=ps ω=o
 ß=ss æ=ae œ=oe ø=o ð=d þ=th ł=l đ=d ħ=h ı=i ĸ=k ŋ=n ŧ=t ŀ=l ŉ=n ĳ=ij ſ=s ə=e
`;

const LATIN: ReadonlyMap<string, string> = new Map(
  LETTERS.trim()
    .split(/\s+/)
    .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
);

/** Characters that part words. */
const SEPARATORS = new Set('-_./,;:=+<>~&()[]{} ');

/**
 * Writes a text in `a` to `z`, `0` to `9` and `-`: letters of Latin, Cyrillic and Greek alphabets by their sound, in lower case;
 * what parts words as `-`; all else is dropped.
 */
export function transliterated(text: string): string {
  return [...text.normalize('NFC').toLowerCase()].map(written).join('');
}

function written(character: string): string {
  if (/^[a-z0-9]$/.test(character)) return character;
  if (SEPARATORS.has(character)) return '-';
  const known = LATIN.get(character);
  if (known !== undefined) return known;
  // Without its accents it may be a letter that is known: é, ö, ά.
  const [plain = ''] = character.normalize('NFD');
  return plain === character ? '' : written(plain);
}
