using System.Text;
using System.Text.Json;

namespace RnnService.Demo;

/// <summary>Rows of random letters, labelled by the first: what comes last must still know it.</summary>
internal static class LetterSamples
{
    /// <summary>Letters of a row.</summary>
    public const int Length = 61;

    private const string Alphabet = "abcd";

    /// <summary>As JSON lines with tokens and a label.</summary>
    public static byte[] ToJsonLines(int count, int seed)
    {
        var random = new Random(seed);
        var text = new StringBuilder();
        for (var i = 0; i < count; i++)
        {
            string[] tokens = [.. Enumerable.Range(0, Length).Select(_ => Alphabet[random.Next(Alphabet.Length)].ToString())];
            text.AppendLine(JsonSerializer.Serialize(new { tokens, label = tokens[0] }));
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
