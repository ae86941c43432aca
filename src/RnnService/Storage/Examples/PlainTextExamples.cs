using System.Runtime.CompilerServices;
using System.Text;

namespace RnnService.Storage.Examples;

/// <summary>Reads plain text as its lines, each with its line end, so that the texts of all rows joined are the text of the file.</summary>
internal static class PlainTextExamples
{
    /// <summary>A longer line comes as several rows with the number of that line, so that a file without line ends is not held in memory.</summary>
    public const int MaximumCharacters = 1 << 16;

    /// <summary>The lines of a file; none is ever wrong.</summary>
    public static async IAsyncEnumerable<ExampleRow> ReadAsync(Stream utf8, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(utf8, Encoding.UTF8, detectEncodingFromByteOrderMarks: false, MaximumCharacters, leaveOpen: true);
        var characters = new char[MaximumCharacters];
        var (line, kept) = (1L, 0);
        while (await reader.ReadAsync(characters.AsMemory(kept), cancellationToken) is > 0 and var read)
        {
            var (start, end) = (0, kept + read);
            for (var feed = Array.IndexOf(characters, '\n', 0, end); feed >= 0; feed = Array.IndexOf(characters, '\n', start, end - start))
            {
                yield return Row(line++, characters.AsSpan(start..(feed + 1)));
                start = feed + 1;
            }
            if (end - start == characters.Length)
            {
                // Half a surrogate pair is not text: the other half would come with the next piece.
                start = char.IsHighSurrogate(characters[^1]) ? end - 1 : end;
                yield return Row(line, characters.AsSpan(0, start));
            }
            kept = end - start;
            Array.Copy(characters, start, characters, 0, kept);
        }
        if (kept > 0)
            yield return Row(line, characters.AsSpan(0, kept));
    }

    private static ExampleRow Row(long line, ReadOnlySpan<char> text) => ExampleRow.Of(line, new DatasetExample { Text = text.ToString() });
}
