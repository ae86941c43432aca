using System.Security.Cryptography;

namespace RnnService.Storage;

/// <summary>
/// Opaque row ids: a prefix and 26 Crockford base-32 characters, the first twelve of which are the time, so that ids sort by age.
/// </summary>
internal static class Ids
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int TimeCharacters = 12;
    private const int RandomCharacters = 14;

    /// <summary>A new id, for example <c>ds_01kqv…</c>; two made in one process sort by when they were made, to 100 ns.</summary>
    public static string New(string prefix, DateTimeOffset now)
    {
        // 60 bits of 100 ns ticks since 1970 last until the year 5623.
        var ticks = (now - DateTimeOffset.UnixEpoch).Ticks;
        Span<char> text = stackalloc char[TimeCharacters + RandomCharacters];
        for (var i = TimeCharacters - 1; i >= 0; i--, ticks >>= 5)
            text[i] = Alphabet[(int)(ticks & 31)];
        Span<byte> random = stackalloc byte[RandomCharacters];
        RandomNumberGenerator.Fill(random);
        for (var i = 0; i < random.Length; i++)
            text[TimeCharacters + i] = Alphabet[random[i] & 31];
        return $"{prefix}_{text}";
    }
}
