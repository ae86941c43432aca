using System.Text;

namespace Rnn.Benchmarks;

/// <summary>Text of words made up from 64 characters, and a line end now and then: as many as are asked for, the same every time.</summary>
internal static class GeneratedText
{
    private const string Letters = "eeeeettttaaaooiinnsshhrrdlucmfwygpbvkxqjzETAOINSHRDLUCMFWYGPBVKXQJZ.,;:!?'-&3$";
    private const int Block = 1_000_000, PartLength = 2_000;

    /// <summary>A million characters again and again, in parts.</summary>
    public static IEnumerable<string> Parts(long characters)
    {
        string[] block = [.. Make().Chunk(PartLength).Select(part => new string(part))];
        for (long given = 0; given < characters; given += PartLength) yield return block[given / PartLength % block.Length];
    }

    private static string Make()
    {
        var (random, text) = (new Random(7), new StringBuilder(Block));
        string[] words = [.. Enumerable.Range(0, 2_000).Select(_ => string.Concat(Enumerable.Range(0, random.Next(1, 10)).Select(_ => Letters[random.Next(Letters.Length)])))];
        while (text.Length < Block) text.Append(words[(int)(words.Length * random.NextDouble() * random.NextDouble())]).Append(random.Next(12) == 0 ? '\n' : ' ');
        return text.ToString(0, Block);
    }
}
