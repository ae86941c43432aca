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
}
