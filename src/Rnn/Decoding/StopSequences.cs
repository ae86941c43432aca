using System.Text;

namespace Rnn.Decoding;

/// <summary>
/// Ends a text before the first of several strings. Text arrives in pieces that need not end where a stop begins, so what could still become one is held back.
/// </summary>
public sealed class StopSequences(IReadOnlyList<string> stops)
{
    private readonly StringBuilder _held = new();

    /// <summary>Whether a stop was found.</summary>
    public bool IsFound { get; private set; }

    /// <summary>Takes the next piece and returns what can no longer be part of a stop.</summary>
    public string Add(string piece)
    {
        if (IsFound) return "";
        string text = _held.Append(piece).ToString();
        _held.Clear();
        int end = stops.Select(stop => text.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0).DefaultIfEmpty(-1).Min();
        IsFound = end >= 0;
        if (!IsFound) end = text.Length - stops.Select(stop => Overlap(text, stop)).DefaultIfEmpty(0).Max();
        if (!IsFound) _held.Append(text, end, text.Length - end);
        return text[..end];
    }

    /// <summary>What was held back, once no more text comes.</summary>
    public string Rest()
    {
        string rest = _held.ToString();
        _held.Clear();
        return rest;
    }

    /// <summary>How many characters at the end of a text begin a stop.</summary>
    private static int Overlap(string text, string stop)
    {
        int length = Math.Min(text.Length, stop.Length - 1);
        while (length > 0 && !text.EndsWith(stop[..length], StringComparison.Ordinal)) length--;
        return Math.Max(0, length);
    }
}
