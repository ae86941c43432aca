using System.Globalization;

namespace RnnService.Registry;

/// <summary>How a client names the version it wants: <c>name</c>, <c>name:3</c> or <c>name@alias</c>.</summary>
/// <param name="Name">The model.</param>
/// <param name="Version">The version asked for, if by number.</param>
/// <param name="Alias">The alias asked for, if by alias.</param>
internal sealed record ModelReference(string Name, int? Version, string? Alias)
{
    /// <summary>The alias a bare name follows when it is set.</summary>
    public const string Production = "production";

    /// <summary>The reference, or null when the text is none.</summary>
    public static ModelReference? Parse(string text)
    {
        if (text.IndexOf(':', StringComparison.Ordinal) is var colon and > 0)
            return IsName(text.AsSpan(0, colon))
                && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var version) && version > 0
                ? new ModelReference(text[..colon], version, null) : null;
        if (text.IndexOf('@', StringComparison.Ordinal) is var at and > 0)
            return IsName(text.AsSpan(0, at)) && IsName(text.AsSpan(at + 1)) ? new ModelReference(text[..at], null, text[(at + 1)..]) : null;
        return IsName(text) ? new ModelReference(text, null, null) : null;
    }

    /// <summary>The reference as a client writes it.</summary>
    public override string ToString() => Version is int number ? $"{Name}:{number}" : Alias is null ? Name : $"{Name}@{Alias}";

    // [a-z0-9][a-z0-9._-]{0,63}
    private static bool IsName(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > 64 || !(char.IsAsciiLetterLower(text[0]) || char.IsAsciiDigit(text[0]))) return false;
        foreach (var c in text)
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not ('.' or '_' or '-')) return false;
        return true;
    }
}
