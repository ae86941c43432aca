using System.Text.RegularExpressions;

namespace RnnService.Tests;

/// <summary>The order of the service's rooms: features know Registry, Storage and Http, and never each other.</summary>
public sealed partial class HouseTests
{
    // What each folder may name besides itself; the root (Program.cs) may name all.
    private static readonly Dictionary<string, string[]> MayName = new()
    {
        ["Http"] = ["Storage"],
        ["Storage"] = [],
        ["Registry"] = ["Http", "Storage"],
    };

    private static readonly string[] Feature = ["Http", "Storage", "Registry"];

    private static readonly string[] Sources = ["src", "tests"];

    [Fact]
    public void Features_never_name_each_other()
    {
        var root = Path.Combine(Root(), "src", "RnnService");
        var files = Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(root, file).Replace('\\', '/'))
            .Where(file => file.Contains('/') && !file.StartsWith("bin/", StringComparison.Ordinal) && !file.StartsWith("obj/", StringComparison.Ordinal))
            .ToArray();
        Assert.Contains(files, file => file.StartsWith("Datasets/", StringComparison.Ordinal));
        var wrong =
            from file in files
            let folder = file[..file.IndexOf('/')]
            from line in File.ReadLines(Path.Combine(root, file))
            where !line.StartsWith("namespace", StringComparison.Ordinal)
            from Match match in Named().Matches(line)
            let named = match.Groups["named"].Value
            where named != folder && !MayName.GetValueOrDefault(folder, Feature).Contains(named)
            select $"{file} names {named}";
        Assert.Empty(wrong.Distinct());
    }

    /// <summary>What dotnet format checks and the build does not; the build's own rule IDE0055 does the rest.</summary>
    [Fact]
    public void Usings_are_in_order_and_files_end_with_a_line()
    {
        var files = Sources.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Root(), folder), "*.cs", SearchOption.AllDirectories))
            .Select(file => Path.GetRelativePath(Root(), file).Replace('\\', '/')).Where(file => !Made().IsMatch(file)).ToArray();
        Assert.Contains("tests/RnnService.Tests/HouseTests.cs", files);
        var wrong = new List<string>();
        foreach (var file in files)
        {
            var text = File.ReadAllText(Path.Combine(Root(), file));
            if (!text.EndsWith('\n') || text.Contains('\r')) wrong.Add($"{file}: lines end with one line feed, the last one too");
            string[] names = [.. text.Split('\n').TakeWhile(line => !line.StartsWith("namespace", StringComparison.Ordinal)).Select(line => Using().Match(line)).Where(match => match.Success).Select(match => match.Groups["name"].Value)];
            var sorted = names.OrderBy(name => name != "System" && !name.StartsWith("System.", StringComparison.Ordinal)).ThenBy(name => name, StringComparer.OrdinalIgnoreCase);
            if (!names.SequenceEqual(sorted)) wrong.Add($"{file}: its usings are not in order, those of System first");
        }

        Assert.Empty(wrong);
    }

    /// <summary>The checkout's root, from the test's own place in it.</summary>
    internal static string Root()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "RnnService.sln")))
                return directory.FullName;
        }
        throw new InvalidOperationException("The tests do not run inside a checkout.");
    }

    [GeneratedRegex(@"\bRnnService\.(?<named>[A-Z]\w+)\s*[.;]")]
    private static partial Regex Named();

    [GeneratedRegex("/(bin|obj|Migrations)/")]
    private static partial Regex Made();

    [GeneratedRegex(@"^using (?<name>[A-Z][\w.]*);")]
    private static partial Regex Using();
}
