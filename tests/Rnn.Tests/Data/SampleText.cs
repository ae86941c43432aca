using FsCheck;
using FsCheck.Fluent;

namespace Rnn.Tests.Data;

/// <summary>Random texts of what is hard to keep: white space of all kinds, scripts, signs of several code points, half surrogate pairs.</summary>
internal static class SampleText
{
    private static readonly string[] Pieces =
    [
        " ", "  ", "\n", "\r\n", "\t", "\u3000", "\u00A0", "▁", "_", "Hello", "hello", "isn't", "l’été", "e\u0301", "\u0301", "Å", "3.14", ",", "...", "'", "\"",
        "영화가", "재미있어요", "\u1112\u1161\u11ab", "ㅋㅋㅋ", "映画", "がぎ", "か\u3099", "สวัสดี", "हिन्दी", "مرحبا", "🎬", "👩\u200D💻", "❤\uFE0F", "🇰🇷", "\U00020000", "\ud83c", "\udfac",
    ];

    /// <summary>Made of the pieces, or of anything.</summary>
    public static Arbitrary<string> Any { get; } = Gen.OneOf(
        Gen.Elements(Pieces).ListOf().Select(string.Concat),
        Gen.Choose(40, 200).SelectMany(length => Gen.Elements("가", "a", "🎬", "\u0301").ListOf(length)).Select(string.Concat),
        ArbMap.Default.GeneratorFor<NonNull<string>>().Select(text => text.Get)).ToArbitrary();

    /// <summary>The text with each half of a surrogate pair as U+FFFD.</summary>
    public static string Whole(string text) => string.Concat(text.EnumerateRunes());
}
