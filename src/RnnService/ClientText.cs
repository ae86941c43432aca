namespace RnnService;

/// <summary>What a client sent, as it may appear in an answer.</summary>
internal static class ClientText
{
    private const int Longest = 80;

    /// <summary>At most 80 characters, for use in a sentence.</summary>
    public static string Shorten(string? text) =>
        text is null ? "" : text.Length <= Longest ? text : $"{text.AsSpan(0, Longest - 1)}…";
}
