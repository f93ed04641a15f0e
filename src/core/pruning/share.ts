/**
 * floor(share x count), where `share` is the decimal number that was written: 0.29 of 100 is 29, although the binary
 * product is 28.999999999999996. The shortest decimal that reads back as the same double is what a person wrote,
 * so the product is taken exactly on its digits.
 */
export function floorShare(share: number, count: number): number {
  const [mantissa, exponent = '0'] = String(share).split('e')
  const [whole, fraction = ''] = mantissa!.split('.')
  const product = BigInt(whole! + fraction) * BigInt(count)
  const decimals = fraction.length - Number(exponent)
  return Number(decimals >= 0 ? product / 10n ** BigInt(decimals) : product * 10n ** BigInt(-decimals))
}
