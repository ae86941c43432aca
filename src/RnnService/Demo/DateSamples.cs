using System.Globalization;
using System.Text;

namespace RnnService.Demo;

/// <summary>Dates as people say them, and as ISO 8601 writes them: the year comes first there, so no part can be emitted before all is read.</summary>
internal static class DateSamples
{
    private const int FirstYear = 1980;
    private const int Years = 60;

    private static readonly string[] Ordinals =
    [
        "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth",
        "sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth", "twenty-first", "twenty-second", "twenty-third", "twenty-fourth", "twenty-fifth",
        "twenty-sixth", "twenty-seventh", "twenty-eighth", "twenty-ninth", "thirtieth", "thirty-first",
    ];

    // {d} the day in words, {n} as a number, {m} the month, {y} the year.
    private static readonly string[] Templates =
        ["the {d} of {m} {y}", "{m} the {d}, {y}", "{n} {m} {y}", "{m} {n}, {y}", "in {y}, on the {d} of {m}", "on the {d} day of {m} in {y}"];

    /// <summary>Distinct dates in words, none of them in <paramref name="except"/>.</summary>
    /// <param name="count">How many.</param>
    /// <param name="seed">The same seed gives the same dates.</param>
    /// <param name="except">Sources that must not appear.</param>
    public static IReadOnlyList<(string Source, string Target)> Make(int count, int seed, IReadOnlySet<string>? except = null)
    {
        var random = new Random(seed);
        var seen = new HashSet<string>(except ?? new HashSet<string>(), StringComparer.Ordinal);
        var samples = new List<(string, string)>(count);
        while (samples.Count < count)
        {
            var date = new DateOnly(FirstYear, 1, 1).AddYears(random.Next(Years)).AddDays(random.Next(365));
            var source = Say(Templates[random.Next(Templates.Length)], date);
            if (seen.Add(source)) samples.Add((source, date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)));
        }

        return samples;
    }

    /// <summary>The samples as CSV with the columns <c>source,target</c>.</summary>
    public static byte[] ToCsv(IEnumerable<(string Source, string Target)> samples)
    {
        var csv = new StringBuilder("source,target\n");
        foreach (var (source, target) in samples) csv.Append('"').Append(source).Append("\",").Append(target).Append('\n');
        return Encoding.UTF8.GetBytes(csv.ToString());
    }

    private static string Say(string template, DateOnly date) => template
        .Replace("{d}", Ordinals[date.Day - 1], StringComparison.Ordinal)
        .Replace("{n}", date.Day.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("{m}", CultureInfo.InvariantCulture.DateTimeFormat.GetMonthName(date.Month), StringComparison.Ordinal)
        .Replace("{y}", date.Year.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
}
