using System.Text.RegularExpressions;

namespace RnnService.Http;

/// <summary>Names of datasets, models, aliases and jobs.</summary>
internal static partial class Names
{
    /// <summary>What a name may look like.</summary>
    public const string Pattern = "[a-z0-9][a-z0-9._-]{0,63}";

    /// <summary>Whether the text is a name.</summary>
    public static bool IsValid(string? text) => text is not null && Rule().IsMatch(text);

    /// <summary>The problem with a name at <paramref name="pointer"/>, or null if there is none.</summary>
    public static ProblemResult? Check(string pointer, string? text) => IsValid(text)
        ? null
        : Problems.InvalidField(pointer, $"'{Shorten(text)}' is not a name.",
            "A name has 1 to 64 characters a-z, 0-9, '.', '_' or '-' and begins with a letter or digit, for example 'movie-reviews'.");

    /// <summary>At most 80 characters of what a client sent, for use in a sentence.</summary>
    public static string Shorten(string? text) => ClientText.Shorten(text);

    [GeneratedRegex($@"\A{Pattern}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Rule();
}
