namespace RnnService;

/// <summary>Finds the name someone probably meant.</summary>
internal static class NearestName
{
    /// <summary>The known name nearest to <paramref name="given"/>; the first of equals. Case does not count.</summary>
    /// <exception cref="InvalidOperationException">There are no known names.</exception>
    public static string Of(string given, IEnumerable<string> known) =>
        known.MinBy(name => Distance(given.ToLowerInvariant(), name.ToLowerInvariant()))
        ?? throw new InvalidOperationException("There is no known name.");

    /// <summary>Edits, but a name left unfinished, or with something added, is nearer than two typing errors.</summary>
    private static double Distance(string given, string name) =>
        Math.Min(Edits(given, name), given.Length > 2 && (name.Contains(given) || given.Contains(name)) ? 1.5 : double.MaxValue);

    /// <summary>Insertions, deletions and replacements that turn one into the other (Levenshtein 1966).</summary>
    private static int Edits(string from, string to)
    {
        // A name that is far longer than any known one needs no exact distance.
        if (from.Length > 100)
            return from.Length;
        var row = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var replace = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replace, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[to.Length];
    }
}
